"""Statistics of players and teams, as the parser sums them: which there are, their units and what they mean."""
