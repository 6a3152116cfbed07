"""Vehicles: cars, vans, trucks and buses, what is seldom driven, trams, and what has two wheels."""
