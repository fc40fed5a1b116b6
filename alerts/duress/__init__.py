"""Alerts that are kept from who raised them, and the sentences by which they are raised."""
