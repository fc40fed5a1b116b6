"""The live stream: who hears of which act, and a feed that hands it to whoever is listening."""
