"""What Dockerfile and compose.yaml promise, read from the files themselves: not root, nothing writable but /data, nothing unpinned, no secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WRITABLE = "/data"


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile as (instruction, arguments), continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(name.upper(), " ".join(arguments.split())) for name, _, arguments in (line.partition(" ") for line in joined.splitlines())]


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """All instructions."""
    return instructions((ROOT / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def final(dockerfile: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The instructions of the stage that runs."""
    last = max(place for place, (name, _) in enumerate(dockerfile) if name == "FROM")
    return dockerfile[last:]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def service(compose: dict[str, Any]) -> dict[str, Any]:
    """Its one service."""
    (found,) = compose["services"].values()
    return dict(found)


def arguments(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [text for each, text in stage if each == name]


def variables(stage: list[tuple[str, str]]) -> dict[str, str]:
    return dict(pair.split("=", 1) for text in arguments(stage, "ENV") for pair in text.split(" "))


def test_every_base_image_is_pinned_to_a_version(dockerfile: list[tuple[str, str]]) -> None:
    images = [text.split()[0] for text in arguments(dockerfile, "FROM")]
    assert len(images) == 2, "built in one stage, run in another"
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+-slim", image) for image in images)


def test_the_server_does_not_run_as_root(final: list[tuple[str, str]]) -> None:
    (user,) = arguments(final, "USER")
    uid, _, gid = user.partition(":")
    assert int(uid) > 1000
    assert int(gid) > 1000
    assert [name for name, _ in final].index("USER") > max(place for place, (name, _) in enumerate(final) if name in {"RUN", "COPY"})


def test_packages_are_locked_by_hash_and_none_is_compiled(dockerfile: list[tuple[str, str]]) -> None:
    installs = [text for text in arguments(dockerfile, "RUN") if "pip install" in text]
    locked, project = installs
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(locked.split())
    assert "/source/requirements.lock" in locked
    assert "--no-deps" in project.split(), "the project brings nothing that the lock does not name"


def test_the_final_stage_takes_only_the_finished_environment(final: list[tuple[str, str]]) -> None:
    assert arguments(final, "COPY") == ["--from=build /opt/legation /opt/legation"]
    assert not arguments(final, "ADD")
    assert not [text for text in arguments(final, "RUN") if re.search(r"apt|curl|wget|pip install", text)]


def test_only_data_is_written_to(final: list[tuple[str, str]]) -> None:
    assert arguments(final, "VOLUME") == [WRITABLE]
    assert variables(final)["LEGATION_STORE"].startswith(f"sqlite:///{WRITABLE}/")
    assert variables(final)["PYTHONDONTWRITEBYTECODE"] == "1"
    assert any(f"--mode 0700 {WRITABLE}" in text for text in arguments(final, "RUN")), "private to the server"


def test_the_health_check_is_python_asking_the_port_that_is_served(final: list[tuple[str, str]]) -> None:
    (check,) = arguments(final, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    compile(command[2], "healthcheck", "exec")
    assert "/readyz" in command[2]
    assert 'os.environ["LEGATION_PORT"]' in command[2]
    assert arguments(final, "EXPOSE") == [variables(final)["LEGATION_PORT"]]


def test_start_is_by_the_command_itself(final: list[tuple[str, str]]) -> None:
    """No shell in between: signals reach the server, which then finishes its writes."""
    assert json.loads(arguments(final, "ENTRYPOINT")[0]) == ["legation"]
    assert json.loads(arguments(final, "CMD")[0]) == ["serve"]
    assert arguments(final, "STOPSIGNAL") == ["SIGTERM"]


def test_everything_that_is_copied_is_let_through_and_little_else(dockerfile: list[tuple[str, str]]) -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {source for text in arguments(dockerfile, "COPY") if "--from" not in text for source in text.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_compose_closes_what_the_server_does_not_need(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert service["pids_limit"] > 0
    assert service["mem_limit"]


def test_compose_runs_as_the_user_of_the_image(service: dict[str, Any], final: list[tuple[str, str]]) -> None:
    assert service["user"] == arguments(final, "USER")[0]


def test_compose_writes_to_one_volume(compose: dict[str, Any], service: dict[str, Any]) -> None:
    volumes = [text.split(":") for text in service["volumes"]]
    assert [parts[1] for parts in volumes if parts[-1] != "ro"] == [WRITABLE]
    assert list(compose["volumes"]) == [parts[0] for parts in volumes if parts[1] == WRITABLE]
    assert all("noexec" in text for text in service["tmpfs"])


def test_compose_mounts_the_whole_alliance(service: dict[str, Any]) -> None:
    mounted = {text.split(":")[1] for text in service["volumes"] if text.endswith(":ro")}
    assert mounted == {"/alliance/auth", "/alliance/collections", "/alliance/policies"}
    assert service["command"][-2:] == ["--alliance", "/alliance"]


def test_compose_opens_the_port_to_this_machine_only(service: dict[str, Any], final: list[tuple[str, str]]) -> None:
    port = variables(final)["LEGATION_PORT"]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]


def test_no_secret_is_in_any_file_of_the_container(service: dict[str, Any], final: list[tuple[str, str]]) -> None:
    assert "secrets" not in service
    assert "env_file" not in service
    names = [*service["environment"], *variables(final)]
    assert not [name for name in names if re.search("TOKEN|SECRET|PASSWORD|KEY", name)]
    assert not re.search(r"lgt_", (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text())


def test_images_are_named_without_a_registry(dockerfile: list[tuple[str, str]], service: dict[str, Any]) -> None:
    images = [service["image"], *(text.split()[0] for text in arguments(dockerfile, "FROM"))]
    assert all("/" not in image and ":" in image and not image.endswith(":latest") for image in images)
