import socket

from ops.local.ports import LOOPBACK, choose_ports, is_free


def test_ports_stay_the_same_while_they_are_free() -> None:
    first = choose_ports(["kafka", "redis"], {})
    assert choose_ports(["kafka", "redis"], first) == first


def test_a_port_that_somebody_took_is_chosen_again() -> None:
    first = choose_ports(["kafka", "redis"], {})
    with socket.create_server((LOOPBACK, first["kafka"])):
        second = choose_ports(["kafka", "redis"], first)
    assert second["kafka"] != first["kafka"]
    assert second["redis"] == first["redis"]


def test_no_two_names_share_a_port() -> None:
    ports = choose_ports(["a", "b", "c"], {"a": 20_500, "b": 20_500})
    assert len(set(ports.values())) == 3


def test_ports_lie_below_those_of_outgoing_connections() -> None:
    assert all(port < 32_768 for port in choose_ports([str(n) for n in range(50)], {}).values())


def test_a_listening_port_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        assert not is_free(server.getsockname()[1])
