"""Runs that take days on a machine that may vanish: fetch, checkpoints in the DVC remote meanwhile, then the build.

A checkpoint is one object in the remote: a snapshot of the ledger and a list of the files in data/raw. The files themselves
are stored by content where ``dvc push`` will look for them, so that nothing is uploaded twice. dvc.lock is in no checkpoint
before the build is complete: it would claim a dataset that is not there.
"""
