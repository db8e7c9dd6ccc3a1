/**
 * Unmodified QEMU as source and destination of a migration.
 *
 * <p>At the source the adapter plays the destination of an ordinary QEMU migration: it hands QEMU
 * one end of a socket pair ({@link org.dcmigrate.peer.guest.qemu.Qmp}), takes the stream apart into
 * pages and device state ({@link org.dcmigrate.peer.guest.qemu.StreamParser}), and decides through
 * the stream's return path whether QEMU may regard the guest as gone ({@link
 * org.dcmigrate.peer.guest.qemu.QemuSource}). At the destination it plays the source: pages lie in
 * the memory files that the waiting QEMU maps, and a short stream made of the saved set-up, the
 * pages of the blocks without a file and the device state sets the rest ({@link
 * org.dcmigrate.peer.guest.qemu.QemuShell}).
 *
 * <pre>
 * QEMU's stream, big endian; what the parser accepts
 *
 *   "QEVM" 00000003                                  magic, version
 *   07 len32 machine  [05 len8 name version32 ...]   configuration and its subsections
 *   08 command16 len16 ...                           commands: return path, ping
 *   01 id32 03 "ram" 0 4                             RAM, set-up: block names and sizes
 *   02 id32 records                                  RAM, pages; repeated
 *   03 id32 records                                  RAM, last pages; the guest stands still
 *   ... 00 06 len32 JSON                             device state: opaque, kept verbatim
 *
 *   records: header64 = offset | flags, [len8 block] unless CONTINUE, then 4096 bytes (PAGE) or one
 *            zero byte (ZERO); EOS ends them; a footer 7e id32 follows
 * </pre>
 *
 * <p>Start reading at {@link org.dcmigrate.peer.guest.qemu.QemuGuest}, then {@link
 * org.dcmigrate.peer.guest.qemu.QemuSource} and {@link org.dcmigrate.peer.guest.qemu.QemuAdapter}.
 */
@NullMarked
package org.dcmigrate.peer.guest.qemu;

import org.jspecify.annotations.NullMarked;
