import pytest

from caching.circuit import Circuit


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def circuit(clock):
    return Circuit(open_seconds=1.0, clock=clock)


def test_a_circuit_is_closed_until_a_failure(circuit):
    assert (circuit.allows(), circuit.is_open) == (True, False)


def test_after_a_failure_nobody_asks_for_a_second(circuit, clock):
    circuit.report_failure()
    clock.now = 0.99

    assert (circuit.allows(), circuit.is_open) == (False, True)


def test_then_one_caller_tries_and_the_others_wait(circuit, clock):
    circuit.report_failure()
    clock.now = 1.0

    assert [circuit.allows() for _ in range(3)] == [True, False, False]


def test_a_success_closes_the_circuit(circuit, clock):
    circuit.report_failure()
    clock.now = 1.0
    circuit.allows()
    circuit.report_success()

    assert [circuit.allows() for _ in range(3)] == [True, True, True]


def test_a_second_failure_opens_it_again(circuit, clock):
    circuit.report_failure()
    clock.now = 1.0
    circuit.allows()
    circuit.report_failure()
    clock.now = 1.5
    assert not circuit.allows()

    clock.now = 2.0

    assert circuit.allows()
