"""Somebody without an app is expected to be heard from by a time: staff say that they were, or people are called."""
