import threading

import pytest

from caching.flights import Flights


def start(jobs):
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def test_callers_of_one_key_share_one_computation():
    flights, runs, results = Flights(), [], []
    gate, all_in = threading.Event(), threading.Barrier(17)

    def compute():
        runs.append(1)
        gate.wait(60)
        return "answer"

    def call():
        all_in.wait(60)
        results.append(flights.run("key", compute))

    threads = start([call] * 16)
    all_in.wait(60)
    while not runs:
        pass
    threading.Timer(0.1, gate.set).start()
    for thread in threads:
        thread.join(60)

    assert (len(runs), results) == (1, ["answer"] * 16)


def test_an_error_reaches_every_caller_and_is_not_kept():
    flights, entered, gate, errors = Flights(), threading.Event(), threading.Event(), []

    def fail():
        entered.set()
        gate.wait(60)
        raise LookupError("no")

    def call():
        try:
            flights.run("key", fail)
        except LookupError as error:
            errors.append(str(error))

    threads = start([call])
    entered.wait(60)
    threads += start([call, call])
    threading.Timer(0.1, gate.set).start()
    for thread in threads:
        thread.join(60)

    assert errors == ["no"] * 3
    assert flights.run("key", lambda: "fine") == "fine"


def test_a_computation_that_asks_for_itself_does_not_wait_for_itself():
    flights = Flights()

    assert flights.run("key", lambda: 1 + flights.run("key", lambda: 1)) == 2


def test_who_waited_long_enough_computes_alone():
    flights, entered, gate = Flights(wait_seconds=0.05), threading.Event(), threading.Event()

    def hang():
        entered.set()
        gate.wait(60)

    (thread,) = start([lambda: flights.run("key", hang)])
    entered.wait(60)

    assert flights.run("key", lambda: "mine") == "mine"
    gate.set()
    thread.join(60)


def test_different_keys_do_not_wait_for_each_other():
    flights, entered, gate = Flights(), threading.Event(), threading.Event()

    def hang():
        entered.set()
        gate.wait(60)

    (thread,) = start([lambda: flights.run("slow", hang)])
    entered.wait(60)

    assert flights.run("fast", lambda: "now") == "now"
    gate.set()
    thread.join(60)


def test_an_interrupt_frees_the_key():
    flights = Flights()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flights.run("key", interrupt)

    assert flights.run("key", lambda: "again") == "again"
