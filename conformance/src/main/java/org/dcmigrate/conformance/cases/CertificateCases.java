package org.dcmigrate.conformance.cases;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.dcmigrate.conformance.play.Access;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Authority;
import org.dcmigrate.conformance.play.Authority.Leaf;
import org.dcmigrate.conformance.play.Authority.Request;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.PeerServiceGrpc;

/** Callers whose certificate is not what it must be, and connections that are not TLS 1.3. */
public final class CertificateCases {
  private static final String TLS = "TLSv1.3";

  private CertificateCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    chains(cases);
    leaves(cases);
    add(
        cases,
        "none",
        "a caller without a certificate is refused",
        "DCM-TRN-001 DCM-SEC-004",
        trial -> refused(trial, access -> access.tls(Optional.empty(), TLS)));
    add(
        cases,
        "plaintext",
        "a caller without TLS is refused where TLS is spoken",
        "DCM-TRN-001 DCM-TRN-002",
        trial -> refused(trial, Access::plaintext));
    add(
        cases,
        "old-tls",
        "a caller that speaks TLS 1.2 only is refused",
        "DCM-TRN-001",
        trial ->
            refused(trial, access -> access.tls(Optional.of(right(trial).issue()), "TLSv1.2")));
    add(
        cases,
        "not-configured",
        "an identity of the right form that is not configured is refused with its reason",
        "DCM-SEC-007",
        trial -> notConfigured(trial, "spiffe://conformance.invalid/peer/stranger"));
    add(
        cases,
        "other-trust-domain",
        "the tester's path in another trust domain is another identity, and refused",
        "DCM-SEC-007",
        trial ->
            notConfigured(
                trial,
                trial
                    .target()
                    .self()
                    .uri()
                    .replaceFirst("^spiffe://[^/]*", "spiffe://conformance.invalid")));
    return cases;
  }

  private static void chains(List<Case> cases) {
    bad(cases, "self-signed", "that is self-signed", "DCM-SEC-004", Request::selfSigned);
    add(
        cases,
        "other-authority",
        "a certificate of another authority is refused",
        "DCM-SEC-004",
        trial -> {
          Leaf leaf = Authority.unknown().leaf(trial.target().self().uri()).issue();
          refused(trial, access -> access.tls(Optional.of(leaf), TLS));
        });
    bad(cases, "expired", "that has expired", "DCM-SEC-004", leaf -> leaf.days(-9, -1));
    bad(cases, "not-yet-valid", "that is not valid yet", "DCM-SEC-004", leaf -> leaf.days(1, 9));
  }

  private static void leaves(List<Case> cases) {
    bad(
        cases,
        "of-authority",
        "that is an authority's",
        "DCM-SEC-002 DCM-SEC-006",
        Request::authority);
    bad(
        cases,
        "may-not-sign",
        "without digitalSignature",
        "DCM-SEC-002 DCM-SEC-006",
        leaf -> leaf.usage(KeyUsage.keyAgreement));
    bad(
        cases,
        "no-client",
        "without clientAuth",
        "DCM-SEC-002 DCM-SEC-006",
        leaf -> leaf.purposes(KeyPurposeId.id_kp_serverAuth));
    bad(
        cases,
        "no-server",
        "without serverAuth",
        "DCM-SEC-002 DCM-SEC-006",
        leaf -> leaf.purposes(KeyPurposeId.id_kp_clientAuth));
    bad(
        cases,
        "weak-key",
        "with an RSA key of 1024 bits",
        "DCM-SEC-003 DCM-SEC-006",
        leaf -> leaf.rsa(1024));
    bad(cases, "sha1", "signed with SHA-1", "DCM-SEC-003 DCM-SEC-006", Request::sha1);
    bad(cases, "no-uri", "without a URI", "DCM-SEC-001 DCM-SEC-006", Request::onlyHost);
    bad(
        cases,
        "two-uris",
        "with two URIs",
        "DCM-SEC-001 DCM-SEC-006",
        leaf -> leaf.uri("spiffe://conformance.invalid/peer/second"));
    uri(cases, "other-scheme", "whose URI has another scheme", "https://dcm.example/peer/a");
    uri(cases, "no-path", "whose URI has no path", "spiffe://dcm.example");
    uri(cases, "port", "whose URI has a port", "spiffe://dcm.example:1/peer/a");
    uri(cases, "user", "whose URI has a user", "spiffe://me@dcm.example/peer/a");
    uri(cases, "query", "whose URI has a query", "spiffe://dcm.example/peer/a?b");
    uri(cases, "fragment", "whose URI has a fragment", "spiffe://dcm.example/peer/a#b");
    uri(cases, "too-long", "whose URI is too long", "spiffe://dcm.example/" + "a".repeat(255));
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(Case.of("certificate/any/" + name, purpose, references, body));
  }

  private interface Spoil {
    Request of(Request leaf);
  }

  private static void bad(
      List<Case> cases, String name, String what, String references, Spoil spoil) {
    add(
        cases,
        name,
        "a certificate " + what + " is refused",
        references,
        trial -> {
          Leaf leaf = spoil.of(right(trial)).issue();
          refused(trial, access -> access.tls(Optional.of(leaf), TLS));
        });
  }

  private static void uri(List<Case> cases, String name, String what, String uri) {
    add(
        cases,
        name,
        "a certificate " + what + " is refused",
        "DCM-SEC-001 DCM-SEC-006",
        trial -> {
          Leaf leaf = trial.target().access().authority().leaf(uri).issue();
          refused(trial, access -> access.tls(Optional.of(leaf), TLS));
        });
  }

  private static Request right(Trial trial) {
    return trial.target().access().authority().leaf(trial.target().self().uri());
  }

  private static Answer<GetPeerResponse> ask(Trial trial, Function<Access, Access.Way> way) {
    return trial.callOver(
        way.apply(trial.target().access()),
        PeerServiceGrpc.getGetPeerMethod(),
        GetPeerRequest.getDefaultInstance());
  }

  private static void answered(Trial trial) {
    Expect.one(
        "GetPeer with a right certificate",
        ask(trial, access -> access.tls(Optional.of(right(trial).issue()), TLS)));
  }

  /** Refused by TLS itself, which leaves no reason, or with one. */
  private static void refused(Trial trial, Function<Access, Access.Way> way) {
    trial.given("a right certificate is taken", () -> answered(trial));
    Answer<GetPeerResponse> answer = ask(trial, way);
    boolean handshake =
        answer.ending().status().getCode() == Status.Code.UNAVAILABLE
            && answer.ending().infos().isEmpty();
    if (!handshake) {
      Expect.refused("GetPeer", answer, Reason.IDENTITY_INVALID);
    }
    trial.unchanged("a right certificate is taken", () -> answered(trial));
  }

  private static void notConfigured(Trial trial, String identity) {
    Leaf leaf = trial.target().access().authority().leaf(identity).issue();
    trial.given("a right certificate is taken", () -> answered(trial));
    Expect.refused(
        "GetPeer",
        ask(trial, access -> access.tls(Optional.of(leaf), TLS)),
        Reason.IDENTITY_NOT_ADMITTED);
    trial.unchanged("a right certificate is taken", () -> answered(trial));
  }
}
