"""Addresses of databases: what they name, and that what they hold of secrets is never shown."""

import pytest

from app.errors import ConfigurationError
from app.store.mongo import is_mongo_url, without_secrets
from app.store.mongo.address import database_of, options_of
from app.store.mongo.connection import connect
from app.store.mongo.store import open_mongo

SECRET = "mongodb://legation:s3cr3t@db1.example.org:27017,db2.example.org/alliance?replicaSet=rs0&tlsCertificateKeyFilePassword=s3cr3t"


@pytest.mark.parametrize("url", ["mongodb://localhost", "mongodb+srv://cluster.example.org/x", "mongodb://u:p@a,b:1/x?w=1", SECRET])
def test_addresses_of_databases(url: str) -> None:
    assert is_mongo_url(url)


@pytest.mark.parametrize("url", ["mongodb://", "mongodb:///x", "mongodb://u:p@/x", "mongodb:", "mongo://localhost", "http://localhost"])
def test_what_names_no_host_is_none(url: str) -> None:
    assert not is_mongo_url(url)


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("mongodb://localhost", "legation"),
        ("mongodb://localhost/", "legation"),
        ("mongodb://u:p@a:1,b:2/alliance?x=y", "alliance"),
        ("mongodb://localhost/a%2Db", "a-b"),
    ],
)
def test_the_database_is_the_path(url: str, database: str) -> None:
    assert database_of(url) == database


def test_options_are_known_whatever_their_case() -> None:
    assert options_of("mongodb://a/?timeoutMS=5&AppName=x") == {"timeoutms", "appname"}
    assert options_of("mongodb://a") == frozenset()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SECRET, "mongodb://db1.example.org:27017,db2.example.org/alliance"),
        ("mongodb://localhost/x", "mongodb://localhost/x"),
        ("mongodb:/u:s3cr3t@localhost", "localhost"),
        ("memory:", "memory:"),
    ],
)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


@pytest.mark.parametrize(
    "url", ["mongodb://u:s3cr3t@a:0/x", "mongodb://u:s3c:r3t@a/x", "mongodb://u:s3cr3t@a/x.y", "mongodb://u:s3cr3t@a:b/x"]
)
async def test_an_address_that_the_driver_cannot_use_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used as the address") as refused:
        await open_mongo(url)
    assert "s3c" not in str(refused.value)


async def test_what_the_address_says_goes_before_the_usual(anyio_backend: str) -> None:
    async with connect("mongodb://localhost/?timeoutMS=7&appName=x") as client:
        assert (client.options.timeout, client.options.pool_options.appname) == (0.007, "x")
    async with connect("mongodb://localhost/") as client:
        assert (client.options.timeout, client.options.pool_options.appname) == (20.0, "legation")
