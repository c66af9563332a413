from benchmarks.soak import gate


def test_two_processes_keep_a_budget_and_every_wait_that_is_asked_for(sampled):
    assert len(sampled(gate)) == 6
