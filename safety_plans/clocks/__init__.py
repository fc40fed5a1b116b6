"""What must be looked at again and again in a case, whatever its level: custody, contact, plans, placements."""
