"""Vehicles: cars, vans, trucks and buses, and what is seldom driven."""
