"""Days at court, transfers and other ways that are watched step by step until everybody is home."""
