"""Raising and accepting by telephone."""
