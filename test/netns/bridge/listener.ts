/** Prints who sends ARP and ICMPv6 of which type; in IPv6 it may be behind one more header. */
const LISTENER = `
  $| = 1;
  socket(my $all, 17, 3, unpack 'n', pack 'S', 3) or die $!;
  print "ready\\n";
  while (recv $all, my $frame, 2000, 0) {
    my ($mac, $type) = (join(':', unpack '(H2)6', substr $frame, 6, 6), unpack 'n', substr $frame, 12, 2);
    print "$mac arp\\n" if $type == 0x0806;
    next unless $type == 0x86dd;
    my $at = ord(substr $frame, 20, 1) == 0 ? 62 : 54;
    print "$mac icmpv6 ", ord(substr $frame, $at, 1), "\\n";
  }`;

/** What prints `ready`, and then `MAC arp` and `MAC icmpv6 TYPE` for the frames that it hears. */
export const FRAME_LISTENER: readonly [string, ...string[]] = ['perl', '-e', LISTENER];
