"""The git repository of a checkout, of which the checkout may be a subfolder, and what its origin has."""

from __future__ import annotations

from pathlib import Path

from impulse.errors import StageError
from impulse.sharing.calls import output_of, run_program

ORIGIN = "origin"


def check_repository(root: Path) -> str:
    """Return the branch of a checkout.

    Raises:
        StageError: nothing can be committed to one here.
    """
    git(root, "rev-parse", "--show-toplevel")  # says what is wrong: no repository, or one of somebody else
    git(root, "var", "GIT_COMMITTER_IDENT")  # or that nobody has a name here
    branch = git(root, "branch", "--show-current").strip()
    if not branch:
        raise StageError(
            "HEAD is on no branch, so commits would be lost; `git switch BRANCH` (-c makes one), then repeat the command"
        )
    if not _found(root, "HEAD"):
        raise StageError("there is no commit yet; `git add -A && git commit`, then repeat the command")
    return branch


def changed(root: Path) -> list[str]:
    """Return the files of a checkout that are not committed, relative to it; other folders of the repository are not looked at."""
    prefix = git(root, "rev-parse", "--show-prefix").strip()
    listed = git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".")
    return [entry[3:].removeprefix(prefix) for entry in listed.split("\0") if entry]


def is_tagged(root: Path, tag: str) -> bool:
    """Tell whether the present commit has a tag.

    Raises:
        StageError: another commit has it.
    """
    tagged = _found(root, f"refs/tags/{tag}^{{commit}}")
    if tagged and tagged != _found(root, "HEAD"):
        raise StageError(
            f"the tag {tag} exists and names another commit; choose another version, or `git tag -d {tag}` if nobody has it yet"
        )
    return bool(tagged)


def check_origin(root: Path, branch: str, tag: str) -> bool:
    """Ask origin whether it will take a branch and a tag; nothing is fetched.

    Returns:
        Whether there is something to push: not where origin has the tag, and others went on with the branch since.

    Raises:
        StageError: there is no origin, it cannot be asked, or it has something else.
    """
    if ORIGIN not in git(root, "remote").split():
        raise StageError(f"there is no {ORIGIN} to push to; `git remote add {ORIGIN} URL`, then repeat the command")
    url = git(root, "remote", "get-url", "--push", ORIGIN).strip()
    listed = git(root, "ls-remote", url, f"refs/heads/{branch}", f"refs/tags/{tag}", f"refs/tags/{tag}^{{}}")
    there = {name: found for found, _, name in (line.partition("\t") for line in listed.splitlines())}
    its_tag, our_tag = there.get(f"refs/tags/{tag}", ""), _found(root, f"refs/tags/{tag}")
    if its_tag and its_tag != our_tag:
        if there.get(f"refs/tags/{tag}^{{}}", its_tag) != _found(root, "HEAD"):
            raise StageError(f"{ORIGIN} has the tag {tag} for another commit; choose another version")
        raise StageError(
            f"{ORIGIN} has the tag {tag} for this commit; `git fetch --force {ORIGIN} tag {tag}`, then repeat the command"
        )
    commit = there.get(f"refs/heads/{branch}", "")
    if not commit or run_program(root, "git", "merge-base", "--is-ancestor", commit, "HEAD").returncode == 0:
        return True
    if its_tag:
        return False
    forget = f"git tag -d {tag} && " if our_tag else ""
    raise StageError(
        f"{ORIGIN} has commits of {branch} that are not here; `{forget}git pull --rebase {ORIGIN} {branch}`, "
        "then repeat the command"
    )


def push(root: Path, branch: str, tag: str) -> None:
    """Push a branch and a tag to origin, both or neither.

    Raises:
        StageError: origin refuses, or cannot be reached.
    """
    references = [f"refs/heads/{branch}:refs/heads/{branch}", f"refs/tags/{tag}"]
    git(root, "push", "--atomic", "--quiet", ORIGIN, *references)


def git(root: Path, *arguments: str) -> str:
    """Return what a command of git printed.

    Raises:
        StageError: it failed, or there is no git.
    """
    return output_of(root, "git", *arguments)


def _found(root: Path, reference: str) -> str:
    """Return the object that a reference names; nothing when there is none."""
    return run_program(root, "git", "rev-parse", "--quiet", "--verify", reference).stdout.strip()
