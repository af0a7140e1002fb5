"""Keys of a cluster: what they are good for, and what they are not."""

import datetime as dt
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from madang.pki import issue_cluster


def test_one_certificate_for_servers_and_clients() -> None:
    keys = issue_cluster("lease-1", ["pod.example", "10.0.0.7"], days=2)
    certificate = x509.load_pem_x509_certificate(keys.cert_pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "pod.example"}
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ip_address("127.0.0.1"),
        ip_address("10.0.0.7"),
    }
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert dt.timedelta(days=2) <= life < dt.timedelta(days=3)


def test_each_cluster_has_an_authority_of_its_own() -> None:
    one, two = issue_cluster("lease-1"), issue_cluster("lease-1")
    certificate = x509.load_pem_x509_certificate(one.cert_pem.encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(one.ca_pem.encode()))
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(two.ca_pem.encode()))


def test_the_certificate_signs_nothing_and_the_key_is_not_shown() -> None:
    keys = issue_cluster("n" * 200)
    certificate = x509.load_pem_x509_certificate(keys.cert_pem.encode())
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not basic.ca
    assert "PRIVATE" not in repr(keys)
