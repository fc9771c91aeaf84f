"""A user's round through the token service with boto3. Given facts in JSON, answers in JSON."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

facts = json.loads(sys.argv[1])
ids = []


def seen(metadata):
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]
    ids.append(metadata["RequestId"])


def answer(call, **parameters):
    result = call(**parameters)
    seen(result["ResponseMetadata"])
    return result


def failure(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        seen(error.response["ResponseMetadata"])
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    raise SystemExit("nothing was refused")


def client(credentials=None):
    more = {} if credentials is None else {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    return boto3.client("sts", endpoint_url=facts["url"], **more)


sts = client()
mfa = {"SerialNumber": facts["serialNumber"], "TokenCode": facts["code"]}
session = answer(sts.get_session_token, **mfa)["Credentials"]
role = answer(client(session).assume_role, RoleArn=facts["role"], RoleSessionName="boto3")["Credentials"]
federated = answer(sts.get_federation_token, Name="bob")
try:
    sts.decode_authorization_message(EncodedMessage="made-up")
    decode = None
except sts.exceptions.InvalidAuthorizationMessageException as error:
    seen(error.response["ResponseMetadata"])
    decode = error.response["Error"]["Code"]
print(json.dumps({
    "session": answer(client(session).get_caller_identity)["Arn"],
    "role": answer(client(role).get_caller_identity)["Arn"],
    "again": failure(sts.get_session_token, **mfa),
    "code": failure(sts.get_session_token, SerialNumber=facts["serialNumber"], TokenCode="abcdef"),
    "key info": answer(sts.get_access_key_info, AccessKeyId=role["AccessKeyId"])["Account"],
    "federated": federated["FederatedUser"]["FederatedUserId"],
    "decode": decode,
    "secret": [
        each[name]
        for each in (session, role, federated["Credentials"])
        for name in ("SecretAccessKey", "SessionToken")
    ],
    "ids": ids,
}))
