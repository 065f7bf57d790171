"""Bucket set-up on a real S3 server: complete, repeatable, and careful with what is there."""

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from blocks.s3 import S3Settings, connect
from infra import buckets
from infra.processes import StackError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef


@pytest.fixture
def new_bucket(s3_settings: S3Settings) -> S3Settings:
    """Settings whose bucket is not there yet."""
    return s3_settings.model_copy(update={"bucket": f"{s3_settings.bucket}-new"})


def test_a_missing_bucket_is_made_versioned_with_expiring_temporary_objects(new_bucket: S3Settings) -> None:
    assert not buckets.exists(new_bucket)
    assert buckets.prepare(new_bucket) == []
    assert buckets.exists(new_bucket)
    client, name = connect(new_bucket), new_bucket.bucket
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["Filter"]["Prefix"] == "tmp/"
    assert rule["Expiration"]["Days"] == 7


def test_preparing_twice_changes_nothing(new_bucket: S3Settings) -> None:
    buckets.prepare(new_bucket)
    buckets.prepare(new_bucket)
    rules = connect(new_bucket).get_bucket_lifecycle_configuration(Bucket=new_bucket.bucket)["Rules"]
    assert len(rules) == 1


def test_the_owners_rules_and_suspended_versioning_stay(s3_settings: S3Settings) -> None:
    client, name = connect(s3_settings), s3_settings.bucket
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    theirs: LifecycleRuleTypeDef = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "old/"},
        "Expiration": {"Days": 30},
    }
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [theirs]})
    buckets.prepare(s3_settings)
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    rules = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert {rule["ID"] for rule in rules} == {"theirs", buckets.EXPIRY_RULE}


def test_a_store_that_honours_conditional_writes_is_known_and_left_clean(s3_settings: S3Settings) -> None:
    assert buckets.honours_conditions(s3_settings)
    assert "Contents" not in connect(s3_settings).list_objects_v2(Bucket=s3_settings.bucket)


def test_an_endpoint_where_nobody_listens_is_named_in_the_error() -> None:
    nowhere = S3Settings(endpoint="http://127.0.0.1:1", access_key="a", secret_key=SecretStr("b"))
    with pytest.raises(StackError, match=r"http://127\.0\.0\.1:1 does not answer"):
        buckets.exists(nowhere)
    assert not buckets.responds(nowhere.endpoint)
