"""The key that person keys are made with: its status, and its rotation."""
