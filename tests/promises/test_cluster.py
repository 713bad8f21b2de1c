"""What compose.cluster.yaml promises, read from the files themselves: closed, pinned, no secret; and that its parts speak of one another truly."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from typer.main import get_command

from app.bootstrap import Settings, variable
from app.cli.commands import legation

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.cluster.yaml").read_text()
CLUSTER: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = CLUSTER["services"]
PROXY = (ROOT / "docs/cluster/haproxy.cfg").read_text()
DATABASES = {name for name, service in SERVICES.items() if service.get("command", [""])[0] == "mongod"}
SERVERS = {name for name, service in SERVICES.items() if service.get("command", [""])[0] == "serve"}
ONE_SHOTS = {"replica-set", "reload"}
OURS = {name for name, service in SERVICES.items() if service["image"] == "legation:local"}
LASTING = SERVICES.keys() - ONE_SHOTS
PORT = 9000


def networks(name: str) -> set[str]:
    return set(SERVICES[name]["networks"])


def address_of_the_proxy() -> str:
    return str(SERVICES["proxy"]["networks"]["servers"]["ipv4_address"])


def lines(section: str) -> list[str]:
    """What a section of the proxy's file says, comments left out."""
    body = re.split(r"^(?=\w)", PROXY, flags=re.MULTILINE)
    (found,) = [part for part in body if part.startswith(f"{section}\n")]
    return [line.strip() for line in found.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]


# ---- the parts


def test_it_is_three_databases_two_servers_and_a_proxy() -> None:
    assert len(DATABASES) == 3
    assert len(SERVERS) == 2
    assert SERVICES.keys() == DATABASES | SERVERS | ONE_SHOTS | {"proxy"}


def test_images_are_pinned_and_named_without_a_registry() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert all("/" not in image and re.fullmatch(r"[a-z]+:(local|\d+\.\d+(\.\d+)?(-[a-z]+)?)", image) for image in images)
    (database,) = {SERVICES[name]["image"] for name in (*DATABASES, "replica-set")}
    assert database.startswith("mongo:")
    assert float(database.removeprefix("mongo:")) >= 7.0, "docs/scaling.md says which are served"


def test_only_the_image_of_this_project_is_built() -> None:
    assert {name for name, service in SERVICES.items() if "build" in service} == OURS == SERVERS | {"reload"}


# ---- closed


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert service["pids_limit"] > 0
    assert service["mem_limit"]
    assert all("noexec" in text for text in service.get("tmpfs", []))
    assert name == "proxy" or int(service["user"].partition(":")[0]) > 0, "the proxy's image has a user of its own"


def test_the_proxy_alone_has_a_port_and_opens_it_to_this_machine_only() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert SERVICES["proxy"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert not [name for name, service in SERVICES.items() if "network_mode" in service or "expose" in service]


def test_databases_stand_in_a_network_that_leads_nowhere_and_out_of_the_proxys_reach() -> None:
    assert CLUSTER["networks"]["database"]["internal"] is True
    assert CLUSTER["networks"]["servers"]["internal"] is True
    assert {name for name in SERVICES if "database" in networks(name)} == DATABASES | SERVERS | ONE_SHOTS
    assert all(networks(name) == {"database"} for name in DATABASES | ONE_SHOTS)
    assert networks("proxy") == {"outside", "servers"}
    assert all(networks(name) == {"servers", "database"} for name in SERVERS)


def test_only_databases_keep_anything() -> None:
    kept = {name: [text for text in service.get("volumes", []) if not text.endswith(":ro")] for name, service in SERVICES.items()}
    assert {name for name, volumes in kept.items() if volumes} == DATABASES
    assert all(kept[name] == [f"{name}:/data/db"] for name in DATABASES)
    assert CLUSTER["volumes"].keys() == DATABASES
    for name in (*DATABASES, "replica-set"):
        covered = {text.split(":")[0] for text in SERVICES[name]["tmpfs"]} | {text.split(":")[1] for text in SERVICES[name]["volumes"]}
        assert {"/data/db", "/data/configdb"} <= covered, "else the image gets a volume without a name"
    assert all(any(text.startswith("/data:") for text in SERVICES[name]["tmpfs"]) for name in OURS)


def test_what_is_mounted_exists_and_is_the_whole_alliance() -> None:
    mounted = [text.split(":") for service in SERVICES.values() for text in service.get("volumes", []) if text.startswith("./")]
    assert all((ROOT / source).exists() and mode == "ro" for source, _, mode in mounted)
    assert {place for _, place, _ in mounted if place.startswith("/alliance")} == {
        "/alliance/auth",
        "/alliance/collections",
        "/alliance/policies",
    }


def test_no_secret_is_in_any_file() -> None:
    assert "secrets" not in CLUSTER
    assert not [name for name, service in SERVICES.items() if "secrets" in service or "env_file" in service]
    names = [each for service in SERVICES.values() for each in service.get("environment", {})]
    assert not [name for name in names if re.search("TOKEN|SECRET|PASSWORD|KEY", name)]
    assert not re.search(r"lgt_|://[^/\s]*:[^/\s]*@", TEXT + PROXY)


# ---- in order, without waiting for time to pass


@pytest.mark.parametrize("name", sorted(LASTING))
def test_whatever_lasts_is_checked_and_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["retries"] > 0


def test_each_step_waits_for_the_one_before() -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}

    assert waits("replica-set") == dict.fromkeys(DATABASES, "service_healthy")
    assert waits("reload") == {"replica-set": "service_completed_successfully"}
    assert all(waits(name) == {"reload": "service_completed_successfully"} for name in SERVERS)
    assert set(SERVICES["proxy"]["depends_on"]) == SERVERS
    assert "sleep" not in TEXT


# ---- what the parts say of one another


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the containers of this project are given; the address by which clients come is a variable of whoever starts them."""
    given = {key: value for name in OURS for key, value in SERVICES[name]["environment"].items()}
    for key, value in given.items():
        monkeypatch.setenv(key, re.sub(r"\$\{\w+:-(.*)\}", r"\1", value))


def parsed(name: str) -> tuple[str, dict[str, Any]]:
    """The command of a service, as the command line understands it; what is mounted there lies here."""
    verb, *arguments = (str(ROOT) if text == "/alliance" else text for text in SERVICES[name]["command"])
    group = get_command(legation)
    context = group.commands[verb].make_context(verb, list(arguments))
    return verb, context.params


def test_every_variable_is_a_setting() -> None:
    known = {variable(name) for name in Settings.model_fields}
    assert all(SERVICES[name]["environment"].keys() <= known for name in OURS)
    assert {key for name in SERVICES.keys() - OURS for key in SERVICES[name].get("environment", {})} == {"HOME"}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("name", sorted(SERVERS))
def test_servers_are_told_what_they_understand(name: str) -> None:
    verb, given = parsed(name)
    assert verb == "serve"
    settings = Settings.model_validate({key: value for key, value in given.items() if value is not None})
    assert settings.proxies == (address_of_the_proxy(),)
    assert settings.alliance is None, "what is in force is served, whoever put it there"
    address = urlsplit(settings.store)
    assert {host.partition(":")[0] for host in address.netloc.split(",")} == DATABASES
    (replica_set,) = parse_qs(address.query)["replicaSet"]
    assert all(f"--replSet={replica_set}" in SERVICES[database]["command"] for database in DATABASES)


@pytest.mark.usefixtures("environment")
def test_the_alliance_is_put_in_force_by_a_command_that_exists() -> None:
    verb, given = parsed("reload")
    assert verb == "reload"
    assert Path(given["folder"]) == ROOT
    assert given["store"] == SERVICES["reload"]["environment"]["LEGATION_STORE"]


def test_the_replica_set_is_made_of_the_databases() -> None:
    script = (ROOT / "docs/cluster/replica-set.js").read_text()
    command = SERVICES["replica-set"]["command"]
    assert command[0] == "mongosh"
    assert f"./docs/cluster/replica-set.js:{command[-1]}:ro" in SERVICES["replica-set"]["volumes"]
    assert set(re.findall(r'host: "([\w-]+):27017"', script)) == DATABASES
    (name,) = re.findall(r'_id: "(\w+)"', script)
    assert all(f"--replSet={name}" in SERVICES[database]["command"] for database in DATABASES)
    assert "AlreadyInitialized" in script, "a second `up` changes nothing"


# ---- the proxy


def test_the_proxy_asks_exactly_the_servers_in_turns() -> None:
    backend = lines("backend servers")
    named = [line.split()[1:3] for line in backend if line.startswith("server ")]
    assert sorted(named) == [[name, f"{name}:{PORT}"] for name in sorted(SERVERS)]
    assert "balance roundrobin" in backend
    assert not re.search(r"^\s*(cookie|stick)\b", PROXY, re.MULTILINE), "any server answers anybody"
    assert [line for line in backend if line.startswith("default-server") and " check " in f"{line} "]
    assert "http-check send meth GET uri /readyz" in backend


def test_the_proxy_says_itself_where_a_request_comes_from_and_touches_no_credentials() -> None:
    frontend = lines("frontend taxii")
    assert "http-request set-header X-Forwarded-For %[src]" in frontend
    assert "http-request del-header X-Request-ID" in frontend
    assert f"bind :{PORT}" in frontend
    assert not [line for line in PROXY.splitlines() if "authorization" in line.lower() and not line.startswith("#")]


def test_what_is_no_get_is_never_sent_twice_to_a_server_that_took_it() -> None:
    assert "http-request disable-l7-retry unless METH_GET" in lines("frontend taxii")
    (retried,) = [line.split()[1:] for line in lines("defaults") if line.startswith("retry-on ")]
    assert set(retried) == {"conn-failure", "empty-response"}


def test_the_proxys_log_holds_neither_path_nor_query() -> None:
    (form,) = [line for line in lines("defaults") if line.startswith("log-format ")]
    assert not re.search(r"%(HU|HP|HPO|HQ|r|hr|hs|\{\+Q\}r)\b|path|url|query|hdr", form)
    assert not [line for line in PROXY.splitlines() if re.match(r"\s*(option httplog|capture|http-request capture)", line)]


def test_the_health_check_of_the_proxy_asks_what_the_proxy_offers() -> None:
    health = lines("frontend health")
    (address,) = [line.removeprefix("bind ") for line in health if line.startswith("bind ")]
    (path,) = [line.removeprefix("monitor-uri ") for line in health if line.startswith("monitor-uri ")]
    assert SERVICES["proxy"]["healthcheck"]["test"][-1] == f"http://{address}{path}"
    assert address.startswith("127.0.0.1:")


def test_the_proxy_understands_its_file() -> None:
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        pytest.skip("this machine has no haproxy")
    done = subprocess.run(
        [program, "-c", "-f", str(ROOT / "docs/cluster/haproxy.cfg")], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
