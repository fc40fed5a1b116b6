"""The record of what happened, and what is due after it."""
