"""Built-in class schemes, one TOML file each; `bevseg.labels` reads them."""
