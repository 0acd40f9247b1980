"""Persons: which person a record without a valid number belongs to."""
