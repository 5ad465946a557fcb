"""What a replay file says: its container, header facts, modes, maps, and why a file cannot be used."""
