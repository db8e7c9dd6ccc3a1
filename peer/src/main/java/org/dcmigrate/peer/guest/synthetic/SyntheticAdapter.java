package org.dcmigrate.peer.guest.synthetic;

import java.util.Optional;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;

/** Receives synthetic guests. */
public final class SyntheticAdapter implements GuestAdapter {
  @Override
  public String kind() {
    return SyntheticGuest.KIND;
  }

  @Override
  public GuestShell prepare(String guestName, GuestMetadata metadata, GuestHome home)
      throws DcmException {
    if (!metadata.kind().equals(SyntheticGuest.KIND)) {
      throw new DcmException(
          Reason.GUEST_UNSUPPORTED,
          "the synthetic adapter cannot run a guest of kind " + Text.quote(metadata.kind()));
    }
    return new Shell(
        guestName, SyntheticSpec.parse(metadata.properties(), metadata.geometry()), home);
  }

  @Override
  public Guest recover(String guestName, GuestHome home, boolean resume) throws DcmException {
    throw SyntheticGuest.lostWithItsPeer(guestName);
  }

  @Override
  public GuestShell find(String guestName, GuestHome home) throws DcmException {
    throw SyntheticGuest.lostWithItsPeer(guestName);
  }

  @Override
  public void discardOrphan(GuestHome home) {
    // Whatever ran in this home ended with the peer.
  }

  private static final class Shell implements GuestShell {
    private final String name;
    private final SyntheticSpec spec;
    private final GuestHome home;
    private Optional<WriterState> state = Optional.empty();

    Shell(String name, SyntheticSpec spec, GuestHome home) {
      this.name = name;
      this.spec = spec;
      this.home = home;
    }

    @Override
    public void load(byte[] deviceState) throws DcmException {
      state = Optional.of(WriterState.parse(deviceState));
    }

    @Override
    public Resumption resume() {
      if (state.isEmpty()) {
        return new Resumption.NeverRan(
            new Failure(Reason.GUEST_FAILED, "the guest's device state was not loaded"));
      }
      SyntheticGuest guest = new SyntheticGuest(name, spec, home, state.get());
      guest.start();
      return new Resumption.Done(guest);
    }

    @Override
    public void discard() {
      state = Optional.empty();
    }
  }
}
