"""A sharing in pieces over two processes (FSDP2) gives the numbers of the whole one."""

from tests.processes import start_two, wait_for


def test_two_processes_with_half_the_parameters_give_the_same(tmp_path):
    running = start_two("tests.sharing.sharded_worker", str(tmp_path))
    wait_for(running)
