"""Signs requests with botocore: a JSON list of them on standard input, the same list with their headers and URL out."""

import json
import sys

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

signed = []
for given in json.load(sys.stdin):
    credentials = Credentials(given["accessKeyId"], given["secretAccessKey"], given.get("sessionToken"))
    request = AWSRequest(
        method=given["method"], url=given["url"], headers=given["headers"], data=given["body"].encode()
    )
    if given["presigned"]:
        SigV4QueryAuth(credentials, "sts", given["region"], expires=900).add_auth(request)
    else:
        SigV4Auth(credentials, "sts", given["region"]).add_auth(request)
    signed.append({"url": request.url, "headers": list(request.headers.items())})
json.dump(signed, sys.stdout)
