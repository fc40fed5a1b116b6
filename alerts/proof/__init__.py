"""The proof, again and again, that people can be called."""
