// Served in place of the page that was asked for, so loading again asks for that page.
const again = () => window.location.reload()
document.getElementById('again')?.addEventListener('click', again)
window.addEventListener('online', again)
