"""Calling the police and an ambulance: asked about until somebody says it was done."""
