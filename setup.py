"""Where the packages are: in a checkout four of them stand beside `lstm_parity/`, and are linked into it."""

from setuptools import find_packages, setup

BESIDE = ("reference", "parity_tests", "known_answers", "examples")
setup(
    packages=["lstm_parity"]
    + [f"lstm_parity.{name}" for name in find_packages("lstm_parity") if name.partition(".")[0] not in BESIDE]
    + [f"lstm_parity.{name}" for room in BESIDE for name in (room, *(f"{room}.{sub}" for sub in find_packages(room)))],
    package_dir={f"lstm_parity.{room}": room for room in BESIDE},
)
