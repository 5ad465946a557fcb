from impulse.loading import load as load
from impulse.loading import open_dataset as open_dataset
