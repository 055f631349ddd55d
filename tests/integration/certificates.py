"""A certificate authority for one test, and what it signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

__all__ = ["Authority"]

_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Signs for servers on this machine."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, name: str) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        unsigned = _certificate(name, name, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        return cls(name, key, unsigned.sign(key, hashes.SHA256()))

    def write_certificate(self, path: Path) -> Path:
        """What clients trust, as PEM."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def write_server(self, path: Path, address: str) -> Path:
        """A key and its certificate for a server at this IP address, in one PEM file as Kafka reads it."""
        key = ec.generate_private_key(ec.SECP256R1())
        unsigned = _certificate("broker", self.name, key).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        certificate = unsigned.sign(self.key, hashes.SHA256())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
        return path


def _certificate(name: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )
