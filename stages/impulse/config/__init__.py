"""Settings: the frozen dataclasses that check them, their composition from conf/, and the two configuration facades."""
