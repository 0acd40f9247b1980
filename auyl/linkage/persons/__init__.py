"""Persons: of whom a record speaks that came without a valid number."""
