export function Logo({ size = 28 }: { size?: number }) {
  return (
    <span className="logo">
      <img src="/app/logo.svg" alt="" width={size} height={size} />
      <span>MedCloud<b>Care</b></span>
    </span>
  );
}
