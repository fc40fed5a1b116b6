"""Emergency cards: one sealed page for each compartment, opened at a duty desk by whoever has accepted."""
