"""Built-in class schemes, one TOML file each; `bevseg.core.labels` reads them."""
