"""Whether an installation is ready for the night."""
