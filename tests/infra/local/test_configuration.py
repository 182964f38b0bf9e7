from pathlib import Path

from infra.local.java import quoted, write_arguments
from infra.local.kafka import new_cluster_id, render_properties
from infra.local.opensearch import published_port
from infra.local.s3 import render_properties as render_s3_properties
from infra.local.valkey import render_configuration


def _properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_kafka_is_one_node_that_makes_no_topic_by_itself() -> None:
    properties = _properties(render_properties(Path("/d/kafka/data"), 20001, 20002))

    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:20002"
    assert properties["log.dirs"] == "/d/kafka/data"
    assert properties["auto.create.topics.enable"] == "false"
    assert int(properties["message.max.bytes"]) >= 4 * 1024 * 1024
    assert properties["group.initial.rebalance.delay.ms"] == "0"
    assert properties["group.min.session.timeout.ms"] == "2000"
    assert {v for k, v in properties.items() if k.endswith("replication.factor")} == {"1"}


def test_a_cluster_id_is_what_kafka_takes() -> None:
    ids = {new_cluster_id() for _ in range(500)}

    assert len(ids) == 500
    assert all(len(text) == 22 and not text.startswith("-") for text in ids)


def test_valkey_keeps_what_it_has() -> None:
    lines = render_configuration(Path("/a b/data"), 20003).splitlines()

    assert "appendonly yes" in lines
    assert "bind 127.0.0.1" in lines
    assert "port 20003" in lines
    assert 'dir "/a b/data"' in lines


def test_files_are_served_to_whoever_has_the_secret_alone() -> None:
    properties = _properties(render_s3_properties(Path("/d/s3/data"), 20004, "hidden"))

    assert properties["s3proxy.endpoint"] == "http://127.0.0.1:20004"
    assert properties["s3proxy.authorization"] == "aws-v2-or-v4"
    assert properties["s3proxy.credential"] == "hidden"
    assert properties["jclouds.filesystem.basedir"] == "/d/s3/data"


def test_the_port_that_opensearch_took_is_the_last_one_it_published() -> None:
    log = (
        "[2026][INFO ][o.o.t.TransportService   ] publish_address {127.0.0.1:9300}, bound_addresses {127.0.0.1:9300}\n"
        "[2026][INFO ][o.o.h.AbstractHttpServerTransport] publish_address {127.0.0.1:9241}, bound_addresses {...}\n"
        "[2027][INFO ][o.o.h.AbstractHttpServerTransport] publish_address {localhost/127.0.0.1:9242}, bound ...\n"
    )

    assert published_port(log) == 9242
    assert published_port("starting ...") is None


def test_java_arguments_survive_spaces_quotes_and_backslashes() -> None:
    assert quoted('-Dx=a "b" \\c') == '"-Dx=a \\"b\\" \\\\c"'


def test_java_gets_the_jars_in_order_and_an_empty_temporary_folder(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "left-over").touch()
    path = write_arguments(tmp_path, [Path("/c/a.jar"), Path("/c/b.jar")], ["-Dx=y"])

    assert path.read_text().splitlines()[-3:] == ['"-Dx=y"', '"-cp"', '"/c/a.jar:/c/b.jar"']
    assert list((tmp_path / "tmp").iterdir()) == []
