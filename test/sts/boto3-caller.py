"""One task for boto3, with nothing configured here: it takes what the environment and ~/.aws say. Answers in JSON."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def failure(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    raise SystemExit("nothing was refused")


def sent_as_it_is(**parameters):
    unchecked = boto3.client("sts", config=Config(parameter_validation=False))
    try:
        unchecked.assume_role(**parameters)
    except ClientError as error:
        return [error.response["Error"]["Code"], str(error)]
    raise SystemExit("nothing was refused")


def signed_by(credentials):
    return boto3.client(
        "sts",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def identity(profile=None):
    return boto3.Session(profile_name=profile).client("sts").get_caller_identity()["Arn"]


def presigned(method):
    parameters = {"HttpMethod": method} if method != "default" else {}
    return boto3.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, **parameters)


def actions(role_arn):
    sts = boto3.client("sts")
    session = sts.get_session_token(DurationSeconds=900)["Credentials"]
    federated = sts.get_federation_token(Name="bob", DurationSeconds=900)
    return {
        "session": signed_by(session).get_caller_identity()["Arn"],
        "federated": signed_by(federated["Credentials"]).get_caller_identity()["Arn"],
        "key info": failure(sts.get_access_key_info, AccessKeyId=session["AccessKeyId"]),
        "decode": failure(sts.decode_authorization_message, EncodedMessage="x"),
        "absent": failure(sts.assume_role, RoleArn=role_arn + "Absent", RoleSessionName="x1"),
        "name": failure(sts.assume_role, RoleArn=role_arn, RoleSessionName="a b"),
        "policy": failure(sts.assume_role, RoleArn=role_arn, RoleSessionName="x1", Policy="no"),
        "duration": sent_as_it_is(RoleArn=role_arn, RoleSessionName="x1", DurationSeconds="NaN"),
        "token": failure(signed_by({**session, "SessionToken": "AAAA"}).get_caller_identity),
        "secret": failure(signed_by({**session, "SecretAccessKey": "x"}).get_caller_identity),
    }


def chain(role_arn, last_role_arn):
    sts = boto3.client("sts")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": "a1"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1) + "\n"
    more = {
        "Tags": [{"Key": "Kostenstelle", "Value": "Köln 4+2/a=b @:-"}],
        "TransitiveTagKeys": ["Kostenstelle"],
        "SourceIdentity": "jane",
        "Policy": policy,
    }
    arns = []
    for name, arn in (("one", role_arn), ("two", role_arn), ("three", last_role_arn)):
        answer = sts.assume_role(RoleArn=arn, RoleSessionName=name, **more)
        arns.append(answer["AssumedRoleUser"]["Arn"])
        sts = signed_by(answer["Credentials"])
        more = {"Tags": [], "TransitiveTagKeys": [], "PolicyArns": []}
    return {"arns": arns, "identity": sts.get_caller_identity()["Arn"], "source": answer["SourceIdentity"]}


task, *parameters = sys.argv[1:]
print(json.dumps(globals()[task](*parameters)))
