"""The contract of Admission, as every engine keeps it, with a real Kueue that decides."""

import importlib.util
import sys
from pathlib import Path

import pytest
from kubernetes_house import KubernetesHouse

_PATH = Path(__file__).parents[1] / "contract" / "engines" / "test_admission_contract.py"
_spec = importlib.util.spec_from_file_location("admission_contract", _PATH)
_contract = importlib.util.module_from_spec(_spec)
sys.modules["admission_contract"] = _contract
_spec.loader.exec_module(_contract)
globals().update({name: test for name, test in vars(_contract).items() if name.startswith("test_")})


@pytest.fixture
async def house(cluster):
    made = KubernetesHouse(cluster)
    await made.open()
    yield made
    await made.close()
