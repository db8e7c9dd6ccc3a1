package org.dcmigrate.conformance.cases;

import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.dcmigrate.conformance.play.CheckFailed;
import org.dcmigrate.conformance.play.Chunks;
import org.dcmigrate.conformance.play.Expect;
import org.dcmigrate.conformance.play.RawConnection;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.GetDestinationStatusRequest;
import org.dcmigrate.v1.GetInventoryRequest;

/**
 * Calls that are no calls of gRPC. Each of them is a spoilt Abort, which must not take effect;
 * before and after it right ones are answered.
 */
public final class RawCases {
  private static final String SERVICE = "/dcm.v1.DestinationService/";
  private static final String ABORT = SERVICE + "Abort";
  private static final String STATUS = SERVICE + "GetDestinationStatus";
  private static final String PEER = "/dcm.v1.PeerService/GetPeer";

  /** No message of any kind. */
  private static final byte[] NOTHING = {(byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f};

  private static final int OVERSIZE = 5 << 20;
  private static final int MOST_HEADER_BYTES = 16 << 10;
  private static final int UNIMPLEMENTED = 12;

  private RawCases() {}

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    framing(cases);
    header(cases);
    add(
        cases,
        "unknown-method",
        "a method that there is not is answered UNIMPLEMENTED",
        "DCM-ERR-006",
        RawCases::unknownMethod);
    add(
        cases,
        "broken-off",
        "a request that is broken off in the middle takes no effect",
        "DCM-ERR-006",
        RawCases::brokenOff);
    add(
        cases,
        "go-away",
        "a caller that goes away leaves the target serving",
        "DCM-STA-002",
        RawCases::goAway);
    add(
        cases,
        "single-bytes",
        "a request in frames of one byte is taken",
        "DCM-TRN-004",
        RawCases::singleBytes);
    add(
        cases,
        "no-window",
        "a caller that takes nothing does not keep others waiting",
        "DCM-STA-002",
        RawCases::noWindow);
    return cases;
  }

  private static void framing(List<Case> cases) {
    bad(
        cases,
        "longer-than-sent",
        "a message that says to be longer than it is",
        abort -> RawConnection.framed(0, abort.length + 100, abort));
    bad(
        cases,
        "cut",
        "a message whose last field is cut off",
        abort -> RawConnection.framed(Arrays.copyOf(abort, abort.length - 1 - 20)));
    bad(
        cases,
        "no-protobuf",
        "a message that is no protobuf",
        abort -> RawConnection.framed(NOTHING));
    bad(
        cases,
        "oversize",
        "a message above 4 MiB",
        abort -> RawConnection.framed(Arrays.copyOf(abort, OVERSIZE)));
    bad(
        cases,
        "oversize-announced",
        "a message that says to be of 2 GiB",
        abort -> RawConnection.framed(0, Integer.MAX_VALUE, abort));
    bad(
        cases,
        "negative",
        "a message that says to be above 2 GiB",
        abort -> RawConnection.framed(0, -1, abort));
    bad(
        cases,
        "compressed-unsaid",
        "a message that says to be compressed and is not",
        abort -> RawConnection.framed(1, NOTHING.length, NOTHING));
    bad(
        cases,
        "unknown-flag",
        "a message with flags that there are not",
        abort -> RawConnection.framed(0x82, NOTHING.length, NOTHING));
    bad(cases, "no-message", "a call without a message", abort -> new byte[0]);
    bad(cases, "half-a-prefix", "three bytes", abort -> new byte[3]);
  }

  private static void header(List<Case> cases) {
    header(
        cases,
        "content-type",
        "a call of another content type",
        "DCM-TRN-009",
        headers -> headers.set("content-type", "text/plain"),
        RawConnection::framed);
    header(
        cases,
        "unknown-encoding",
        "a call in an encoding that there is not",
        "DCM-TRN-009",
        headers -> headers.set("grpc-encoding", "none-such"),
        abort -> RawConnection.framed(1, abort.length, abort));
    header(
        cases,
        "path",
        "a call to a path that is no method",
        "DCM-ERR-006",
        headers -> headers.path("/Abort"),
        RawConnection::framed);
    add(
        cases,
        "headers-too-long",
        "a call with headers of above 16 KiB is not taken, and one with a quarter of it is",
        "DCM-ERR-008",
        RawCases::headersTooLong);
  }

  private interface Spoil {
    byte[] of(byte[] abort);
  }

  private static void add(
      List<Case> cases, String name, String purpose, String references, Case.Body body) {
    cases.add(Case.of("raw/any/" + name, purpose, references, body));
  }

  private static void bad(List<Case> cases, String name, String what, Spoil spoil) {
    add(
        cases,
        name,
        what + " is not taken, and others are",
        name.startsWith("oversize") ? "DCM-ERR-006 DCM-TRN-004" : "DCM-ERR-006",
        trial ->
            notTaken(
                trial, what, (connection, abort) -> connection.begin(ABORT).end(spoil.of(abort))));
  }

  private static void header(
      List<Case> cases,
      String name,
      String what,
      String clause,
      Consumer<Http2Headers> change,
      Spoil body) {
    add(
        cases,
        name,
        what + " is not taken, and others are",
        clause,
        trial ->
            notTaken(
                trial,
                what,
                (connection, abort) -> connection.begin(ABORT, change).end(body.of(abort))));
  }

  private static void headersTooLong(Trial trial) {
    notTaken(
        trial,
        "Abort with headers of above 16 KiB",
        (connection, abort) -> {
          trial.given(
              "a call with long headers is answered",
              () -> {
                RawConnection.Answer answer =
                    connection
                        .begin(PEER, filled(MOST_HEADER_BYTES / 4))
                        .end(RawConnection.framed(new byte[0]));
                Expect.that("GetPeer", answer.isOk(), "OK", answer.text());
              });
          return connection
              .begin(ABORT, filled(MOST_HEADER_BYTES + 1))
              .end(RawConnection.framed(abort));
        });
  }

  private static Consumer<Http2Headers> filled(int bytes) {
    return headers -> headers.set("dcm-filler", "x".repeat(bytes));
  }

  private interface Attempted {
    RawConnection.Answer on(RawConnection connection, byte[] abort);
  }

  private static void notTaken(Trial trial, String what, Attempted attempted) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 5, 1)));
    try (RawConnection connection = trial.raw()) {
      trial.given("a right call is answered", () -> answered(connection, migration));
      RawConnection.Answer answer = attempted.on(connection, abort(migration));
      Expect.that(what, !answer.isOk(), "anything but OK", answer.text());
      still(trial, connection, migration);
    }
  }

  /** The target may have closed the connection, but serves on another. */
  private static void still(Trial trial, RawConnection connection, TestMigration migration) {
    if (connection.isOpen()) {
      trial.unchanged(
          "a right call on the connection, if it stays open, is answered",
          () -> {
            try {
              answered(connection, migration);
            } catch (CheckFailed failed) {
              // It may also close it just now.
              if (connection.isOpen()) {
                throw failed;
              }
            }
          });
    }
    try (RawConnection next = trial.raw()) {
      trial.unchanged("a right call is answered", () -> answered(next, migration));
    }
    trial.unchanged("what is held is as before", migration::holdsWhatWasStored);
  }

  private static byte[] abort(TestMigration migration) {
    return AbortRequest.newBuilder().setAttempt(migration.attempt()).build().toByteArray();
  }

  private static RawConnection.Answer status(RawConnection connection, TestMigration migration) {
    return connection
        .begin(STATUS)
        .end(
            RawConnection.framed(
                GetDestinationStatusRequest.newBuilder()
                    .setAttempt(migration.attempt())
                    .build()
                    .toByteArray()));
  }

  private static void answered(RawConnection connection, TestMigration migration) {
    RawConnection.Answer answer = status(connection, migration);
    Expect.that("GetDestinationStatus", answer.isOk(), "OK", answer.text());
  }

  private static void unknownMethod(Trial trial) {
    notTaken(
        trial,
        "a call of an unknown method",
        (connection, abort) -> {
          RawConnection.Answer answer =
              connection.begin(SERVICE + "NoSuchMethod").end(RawConnection.framed(abort));
          Expect.that(
              "the call",
              answer.grpcStatus().stream().anyMatch(code -> code == UNIMPLEMENTED),
              "grpc-status 12",
              answer.text());
          return answer;
        });
  }

  private static void brokenOff(Trial trial) {
    notTaken(
        trial,
        "the call after the one that was broken off",
        (connection, abort) -> {
          byte[] framed = RawConnection.framed(abort);
          RawConnection.Call call = connection.begin(ABORT);
          call.data(Arrays.copyOf(framed, framed.length - 1)).reset();
          return connection.begin(SERVICE + "NoSuchMethod").end(framed);
        });
  }

  private static void goAway(Trial trial) {
    TestMigration migration = trial.receiving();
    try (RawConnection connection = trial.raw()) {
      trial.given("a right call is answered", () -> answered(connection, migration));
      RawConnection.Call begun = connection.begin(ABORT);
      connection.goAway();
      begun.reset();
    }
    try (RawConnection next = trial.raw()) {
      answered(next, migration);
    }
    SwitchoverCases.state(migration, "RECEIVING");
  }

  private static void singleBytes(Trial trial) {
    TestMigration migration = trial.receiving();
    try (RawConnection connection = trial.raw()) {
      byte[] framed = RawConnection.framed(abort(migration));
      RawConnection.Call call = connection.begin(ABORT);
      for (int i = 0; i < framed.length - 1; i++) {
        call.data(new byte[] {framed[i]});
      }
      RawConnection.Answer answer = call.end(new byte[] {framed[framed.length - 1]});
      Expect.that("Abort", answer.isOk(), "OK", answer.text());
    }
    migration.unknown();
  }

  private static void noWindow(Trial trial) {
    TestMigration migration = trial.receiving();
    trial.given("a page is stored", () -> migration.stored(Chunks.page(3, 5, 1)));
    try (RawConnection stalled = trial.raw(settings -> settings.initialWindowSize(0))) {
      RawConnection.Call call = stalled.begin(SERVICE + "GetInventory");
      call.data(
          RawConnection.framed(
              GetInventoryRequest.newBuilder()
                  .setAttempt(migration.attempt())
                  .build()
                  .toByteArray()));
      for (int i = 0; i < 20; i++) {
        migration.holdsWhatWasStored();
        migration.stored(Chunks.page(4 + i, 5, 1));
      }
      Expect.that("the call without a window", !call.isOver(), "no answer", "one");
    }
    migration.holdsWhatWasStored();
  }
}
