"""Runs that take days on a machine that may vanish: raw replays go into a bucket, the ledger into the DVC remote now and then.

With ``storage: s3`` fetch keeps every replay in the bucket before the ledger knows of it. So a snapshot of the ledger, one
object in the remote, is all that another machine needs to go on. What git keeps of a build (dvc.lock, params.yaml, run times)
comes with the snapshot that is made once the dataset is pushed, never before.
"""
