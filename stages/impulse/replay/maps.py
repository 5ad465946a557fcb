"""Maps of the game by their own names, as headers spell them.

Put together from RLBot's list of maps and from BakkesMod plugins (read 2026-11); of each, only the name is used.
"""

from __future__ import annotations

_NAMES = """
arc_darc arc arc_standard bb beach beach_night beach_night_grs beachvolley chn_stadium chn_stadium_day cs cs_day cs_hw
eurostadium eurostadium_dusk eurostadium_night eurostadium_rainy eurostadium_snow eurostadium_snownight farm farm_grs
farm_hw farm_night farm_upsidedown ff_dusk fni_stadium haunted_trainstation hoopsstadium hoopsstreet hoopsstreet_art
ko_calavera ko_carbon ko_quadron labs_4v4_arena15_blackout labs_4v4_arena15_eurostadium_night labs_4v4_arena15_retro
labs_basin labs_circlepillars labs_corridor labs_cosmic labs_cosmic_v4 labs_doublegoal labs_doublegoal_v2 labs_galleon
labs_galleon_mast labs_holyfield labs_holyfield_space labs_octagon labs_octagon_02 labs_octagon_b2b_02 labs_octagon_vent
labs_pillarglass labs_pillarheat labs_pillarwings labs_underpass labs_underpass_v0 labs_utopia mall_day music neotokyo
neotokyo_arcade neotokyo_hax neotokyo_hax_signs neotokyo_hax_signs_off neotokyo_standard neotokyo_toon outlaw
outlaw_oasis paname_dusk park park_bman park_night park_rainy park_snowy shattershot stadium stadium_10a stadium_day
stadium_foggy stadium_race_day stadium_winter street swoosh throwbackhockey throwbackstadium trainstation
trainstation_dawn trainstation_night trainstation_spooky uf_day uf_night underwater underwater_grs utopiastadium
utopiastadium_dusk utopiastadium_lux utopiastadium_snow wasteland wasteland_art wasteland_art_s wasteland_grs
wasteland_night wasteland_night_s wasteland_s woods woods_forest woods_night
"""

KNOWN_MAPS: frozenset[str] = frozenset(f"{name}_p" for name in _NAMES.split())
"""Names in lower case: headers differ in the case of their letters."""
