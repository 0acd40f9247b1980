"""Entities: one person, household, plot or herd from registries that disagree, with its history."""
