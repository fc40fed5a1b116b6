"""What whoever comes on duty, or leaves it, hears and answers."""
