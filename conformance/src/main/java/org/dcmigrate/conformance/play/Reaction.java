package org.dcmigrate.conformance.play;

import com.google.protobuf.Message;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.dcmigrate.protocol.Reason;

/** What a played peer does with a message instead of what is right. */
public sealed interface Reaction {
  /** What is right. */
  record Right() implements Reaction {}

  /** Ends the call with this reason. */
  record Refuse(Reason reason) implements Reaction {}

  /** Waits, reading nothing more of this call, until it is let go; then does what is right. */
  record Hold(CompletableFuture<Boolean> gate) implements Reaction {}

  /** Takes the message and what comes after it on this call, and says nothing. */
  record Ignore() implements Reaction {}

  /** Breaks the call off without a reason, as a connection that is lost does. */
  record Drop() implements Reaction {}

  /** Answers this in place of looking at the message; the call goes on. */
  record Answer(Message answer) implements Reaction {}

  /** Does what is right, and changes what is answered from then on in this call. */
  record Change(UnaryOperator<Message> change) implements Reaction {}
}
