"""impulse: reproducible builds of Rocket League datasets from replay files.

Where to go to
    download replays or read a folder of them   impulse.collection
    turn a replay into arrays                   impulse.parsing (ReplayParser)
    decide which replays are good               impulse.validation
    keep one recording per match                impulse.dedup
    write the dataset                           impulse.export
    write synthetic replays                     impulse.demo
    know what a column means                    impulse.schema
    know why a replay is missing                impulse.rejects
    read or check settings                      impulse.config
"""

from __future__ import annotations

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())
